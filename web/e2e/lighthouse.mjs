// Lighthouse on sign-in, inbox and referral of a demo network: performance,
// accessibility and best practices, each at least 98 of 100. Run by `make lighthouse`.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const least = 0.98;
const dir = mkdtempSync(join(tmpdir(), "lighthouse-"));
const demo = spawn("go", ["run", "./cmd/shubbak", "demo", "--listen", "127.0.0.1:0", "--data", join(dir, "data"), "--json"], { stdio: ["ignore", "pipe", "ignore"], detached: true });
const end = (code) => {
	try { process.kill(-demo.pid, "SIGTERM"); } catch { /* it is gone */ }
	process.exit(code);
};

const first = await new Promise((done) => createInterface(demo.stdout).once("line", done));
const { url, accounts } = JSON.parse(first);
const base = url.replace(/\/$/, "");
const intake = accounts.find((a) => a.email === "intake@hospital.demo");

const cookies = new Map();
const get = async (path, options = {}) => {
	const r = await fetch(base + path, { redirect: "manual", ...options, headers: { ...options.headers, Cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join("; ") } });
	for (const c of r.headers.getSetCookie()) {
		const [pair] = c.split(";");
		cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
	}
	return r;
};
const form = await (await get("/t/hospital/sign-in")).text();
const csrf = form.match(/name="_csrf" value="([^"]+)"/)[1];
await get("/t/hospital/sign-in", { method: "POST", body: new URLSearchParams({ _csrf: csrf, email: intake.email, password: intake.password }) });
const inbox = await (await get("/t/hospital/referrals?box=in")).text();
const referral = inbox.match(/\/t\/hospital\/referrals\/[0-9a-f-]{36}/)[0];
const headers = join(dir, "headers.json");
writeFileSync(headers, JSON.stringify({ Cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join("; ") }));

let failed = false;
for (const [name, path, signed] of [["sign-in", "/t/hospital/sign-in", false], ["inbox", "/t/hospital/referrals?box=in", true], ["referral", referral, true]]) {
	const out = join(dir, name + ".json");
	const args = ["--yes", "lighthouse@12.8.2", base + path, "--quiet", "--output=json", "--output-path=" + out, "--only-categories=performance,accessibility,best-practices",
		"--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic --user-data-dir=" + join(dir, "profile-" + name)];
	if (signed) args.push("--extra-headers=" + headers);
	spawnSync("npx", args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, CHROME_PATH: process.env.CHROME_PATH || "/usr/bin/chromium" } });
	const scores = Object.entries(JSON.parse(readFileSync(out)).categories).map(([k, v]) => [k, v.score]);
	console.log(name.padEnd(10), scores.map(([k, v]) => `${k} ${Math.round(v * 100)}`).join(" · "));
	failed ||= scores.some(([, v]) => v < least);
}
end(failed ? 1 : 0);
