// Every page works without this script. It puts the focus where reading begins
// after an error, keeps a form from being sent twice, and adds the keys.
"use strict";

const summary = document.querySelector(".summary");
if (summary) summary.focus();

document.addEventListener("submit", (e) => {
	if ("again" in e.target.dataset) return; // a file leaves, the page stays
	const buttons = e.target.querySelectorAll("button");
	// After the submission has taken the pressed button's value with it.
	setTimeout(() => buttons.forEach((b) => { b.disabled = true; }));
});
window.addEventListener("pageshow", (e) => {
	if (e.persisted) document.querySelectorAll("button:disabled").forEach((b) => { b.disabled = false; });
});

const rows = () => [...document.querySelectorAll("[data-rows] .num a, ul[data-rows] > li a:first-of-type")];
const focus = (selector) => {
	const target = [...document.querySelectorAll(selector)].find((x) => x.offsetParent !== null);
	if (target) target.focus();
	return Boolean(target);
};
const go = (part) => {
	const link = document.querySelector(`.nav a[href*="${part}"]`);
	if (link) link.click();
};
const step = (by) => {
	const list = rows();
	const at = list.indexOf(document.activeElement);
	const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by];
	if (next) next.focus();
	return Boolean(next);
};

// Rows of a list can be chosen for an act on all of them.
const bulk = document.querySelector("#bulk");
const boxes = () => [...document.querySelectorAll("input[name=pick]")];
const chosen = () => boxes().filter((b) => b.checked);
let lastBox = null;
const count = () => {
	const n = chosen().length, words = JSON.parse(bulk.dataset.words);
	bulk.querySelector("b").textContent = words[new Intl.PluralRules(document.documentElement.lang).select(n)].replace(/\d+/, n);
	document.querySelector("[data-all]").checked = n > 0 && n === boxes().length;
};
const choose = (box, extend) => {
	const all = boxes();
	if (!box) return false;
	if (extend && lastBox) {
		const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
		all.slice(from, to + 1).forEach((b) => { b.checked = true; });
	} else box.checked = !box.checked;
	lastBox = box;
	count();
	return true;
};
if (bulk) {
	const all = document.querySelector("[data-all]");
	all.hidden = false;
	document.addEventListener("change", (e) => {
		if (e.target === all) boxes().forEach((b) => { b.checked = all.checked; });
		if (e.target === all || e.target.name === "pick") count();
	});
	bulk.addEventListener("reset", () => setTimeout(count));
}

// The list that one came from, for the way to its next item.
if (rows().length) try { sessionStorage.setItem("list", JSON.stringify(rows().map((a) => a.pathname))); } catch { /* no way on */ }
const neighbour = (by) => {
	try {
		const list = JSON.parse(sessionStorage.getItem("list")), at = list.indexOf(location.pathname);
		if (at >= 0 && list[at + by]) location = list[at + by];
		return at >= 0;
	} catch { return false; }
};

// Letters are read by their place on the keyboard, so that Arabic and AZERTY
// layouts work; no key accepts, declines, completes or signs.
const keys = {
	KeyJ: () => step(1),
	KeyK: () => step(-1),
	KeyO: () => rows().includes(document.activeElement) && document.activeElement.click(),
	KeyD: () => focus(".decision button, .decision a, .decision summary"),
	KeyH: () => {
		const link = document.querySelector("a.danger");
		if (link) link.click();
		return Boolean(link);
	},
	KeyC: () => focus("#message"),
	KeyX: (e) => {
		const row = document.activeElement.closest("[data-rows] tr");
		return Boolean(row) && choose(row.querySelector("[name=pick]"), e.shiftKey);
	},
	ArrowDown: () => rows().includes(document.activeElement) && step(1),
	ArrowUp: () => rows().includes(document.activeElement) && step(-1),
	// The one change of state on a key: it says no more than "seen".
	KeyE: () => {
		const form = document.querySelector('form[action$="/acknowledge"]');
		if (!form || (form === bulk && !chosen().length)) return false;
		form.requestSubmit();
		return true;
	},
};
const places = { KeyI: "box=in", KeyO: "box=out", KeyD: "/home", KeyR: "/people" };

// The list of keys stands on the page of help; the key lays it over this one.
const showKeys = async () => {
	const link = document.querySelector("a.help");
	if (!link || document.querySelector("dialog.keys")) return;
	try {
		const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
		const box = document.createElement("dialog");
		box.className = "keys";
		box.setAttribute("aria-labelledby", "keys");
		const close = document.createElement("form");
		close.method = "dialog";
		close.append(Object.assign(document.createElement("button"), { textContent: "×" }));
		close.firstChild.setAttribute("aria-label", "Esc");
		box.append(close, page.querySelector("[data-keys-list]"));
		box.addEventListener("close", () => box.remove());
		document.body.append(box);
		box.showModal();
	} catch { location = link.href; }
};
let pending = 0;

document.addEventListener("keydown", (e) => {
	const field = e.target.closest("input, textarea, select, [contenteditable]");
	if (e.ctrlKey && e.code === "Enter" && field && field.form) {
		field.form.requestSubmit();
		return;
	}
	if (e.ctrlKey && e.code === "KeyK" && focus("input[type=search]")) {
		e.preventDefault();
		return;
	}
	if (document.querySelector("dialog:modal")) return;
	if (e.altKey && !field && document.body.dataset.keys !== "off" && (e.code === "ArrowUp" || e.code === "ArrowDown")) {
		if (neighbour(e.code === "ArrowUp" ? -1 : 1)) e.preventDefault();
		return;
	}
	if ((field && field.name !== "pick") || e.ctrlKey || e.altKey || e.metaKey) return;
	if (document.body.dataset.keys === "off" && e.key !== "Escape") return;
	if (e.key === "?" || e.key === "؟") {
		showKeys();
		e.preventDefault();
		return;
	}
	if (e.key === "/" && focus("input[type=search]")) {
		e.preventDefault();
		return;
	}
	if (e.key === "Escape") {
		const open = document.querySelectorAll("details[open], .toast[open]"), back = document.querySelector("a.back");
		open.forEach((d) => { d.open = false; });
		if (open.length) return;
		if (bulk && chosen().length) bulk.reset();
		else if (back && !typing()) back.click();
		return;
	}
	if (Date.now() - pending < 1500 && places[e.code]) {
		pending = 0;
		go(places[e.code]);
		return;
	}
	if (e.code === "KeyG") {
		pending = Date.now();
		return;
	}
	if (keys[e.code] && keys[e.code](e)) e.preventDefault();
});

// An open page follows what happens: bell and counts are put in place, news stands
// in a bar, and nothing moves under the reader's hand. One stream per browser: a
// hidden page closes its own.
const page = document.body.dataset;
let source = null;
let looking = false;
let sent = 0; // when a form was: its answer is on the way, and a reload would cut it off
document.addEventListener("submit", () => { sent = Date.now(); });
let again = false;

const put = (part) => {
	document.querySelectorAll(`[data-live="${part.dataset.live}"]`).forEach((place) => {
		if (place.innerHTML !== part.innerHTML && !place.contains(document.activeElement)) place.innerHTML = part.innerHTML;
	});
};
const typing = () => [...document.querySelectorAll("main textarea, main input:not([type=hidden])")].some((x) => x.value !== x.defaultValue);
const hang = () => {
	if (source) source.close();
	source = null;
};
const look = async () => {
	again = looking;
	if (looking) return;
	looking = true;
	try {
		const q = new URLSearchParams({ path: page.path, now: page.now, watch: page.watch, version: page.version, open: page.open, count: page.count });
		const r = await fetch(`${page.parts}?${q}`, { redirect: "manual" });
		if (r.type === "opaqueredirect") { // the session has ended
			hang();
			if (!typing() && Date.now() - sent > 10000) location.reload();
		} else if (r.ok) {
			const box = document.createElement("template");
			box.innerHTML = await r.text();
			const closed = box.content.querySelector("[data-live=closed]");
			if (closed) { // what the page shows is not open any more: nothing of it stays
				hang();
				document.title = closed.dataset.title;
				document.querySelector("main").replaceChildren(closed);
			} else {
				box.content.querySelectorAll("[data-live]").forEach(put);
			}
		}
	} catch { /* the line is down: the stream comes again, and looks */ }
	looking = false;
	if (again) look();
};
const listen = () => {
	if (source || document.hidden || !page.stream) return;
	source = new EventSource(`${page.stream}?watch=${page.watch || "page"}`);
	source.addEventListener("look", look);
	source.onerror = () => {
		if (source && source.readyState === 2) hang();
		look();
	};
};
if (page.stream && window.EventSource) {
	listen();
	document.addEventListener("visibilitychange", () => (document.hidden ? hang() : listen()));
	addEventListener("pagehide", hang);
	addEventListener("pageshow", listen);
	setInterval(() => {
		if (document.hidden) return;
		listen();
		look();
	}, 60000);
}

// What is typed into a date is answered beside it, by the page that holds the form; of
// several questions the last one is answered.
document.querySelectorAll("[data-ask]").forEach((box) => {
	let asked = 0;
	box.addEventListener("change", async () => {
		const mine = ++asked, typed = new URLSearchParams([...box.querySelectorAll("input")].map((i) => [i.name, i.value]));
		try {
			const page = new DOMParser().parseFromString(await (await fetch(`${location.pathname}?${typed}`)).text(), "text/html");
			const answer = page.querySelector("[data-answer]");
			if (answer && mine === asked) box.querySelector("[data-answer]").replaceWith(answer);
		} catch { /* it is only a word beside */ }
	});
});

document.querySelectorAll("[data-print]").forEach((b) => {
	b.hidden = false;
	b.addEventListener("click", () => print());
});
// A computer that was left alone covers its page and asks for the password again:
// what was typed stays underneath. All pages of one portal count together.
const sheet = document.querySelector("template#lock");
if (sheet) {
	const base = sheet.dataset.base, key = "seen" + base, idle = sheet.dataset.minutes * 60000;
	let box = null, told = Date.now();
	const used = () => { try { localStorage.setItem(key, Date.now()); } catch { /* this page counts alone */ } };
	const last = () => { try { return Number(localStorage.getItem(key)) || told; } catch { return told; } };
	const post = (path, data) => fetch(base + path, { method: "POST", body: new URLSearchParams(data), headers: { "X-Requested-With": "fetch" } });
	const open = () => {
		if (box) { box.close(); box.remove(); box = null; }
		used();
		listen(); // the stream has ended with the lock
	};
	const cover = () => {
		document.body.append(sheet.content.cloneNode(true));
		box = document.querySelector("dialog.lock");
		box.addEventListener("cancel", (e) => e.preventDefault());
		box.querySelector("form").addEventListener("submit", async (e) => {
			e.preventDefault();
			let right = false;
			try { right = (await post("/unlock", new FormData(e.target))).ok; } catch { /* the line is down */ }
			if (right) return open();
			box.querySelector(".error").hidden = false;
			box.querySelectorAll("button").forEach((b) => { b.disabled = false; });
			box.querySelector("input[type=password]").value = "";
			box.querySelector("input[type=password]").focus();
		});
		box.showModal();
	};
	used();
	for (const kind of ["keydown", "pointerdown", "input"]) document.addEventListener(kind, () => {
		if (box) return;
		used();
		// The server counts requests only: somebody who writes for long is still there.
		if (Date.now() - told > idle / 4) { told = Date.now(); fetch(base + "/seen").catch(() => {}); }
	});
	const look = () => {
		const left = Date.now() - last() > idle;
		if (left && !box) { cover(); post("/lock", new FormData(box.querySelector("form"))).catch(() => {}); }
		if (!left && box) open();
	};
	setInterval(look, Math.min(15000, idle / 4));
	document.addEventListener("visibilitychange", look); // a machine that slept counted nothing
}
