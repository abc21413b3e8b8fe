package ids_test

import (
	"encoding/json"
	"testing"

	"shubbak/platform/ids"
)

const text = "01931f7e-6f3a-7c3d-9b1a-0123456789ab"

func TestParse(t *testing.T) {
	t.Parallel()
	if id, err := ids.Parse[ids.Person](text); err != nil || id.String() != text {
		t.Errorf("%s %v", id, err)
	}
	if id, err := ids.Parse[ids.Person]("01931F7E-6F3A-7C3D-9B1A-0123456789AB"); err != nil || id.String() != text {
		t.Errorf("upper case is written in lower: %s %v", id, err)
	}
	for _, bad := range []string{"", "x", text[:35], text + "0", "{" + text + "}", "urn:uuid:" + text, "01931f7e6f3a7c3d9b1a0123456789ab", text[:35] + "z", "01931f7e_6f3a_7c3d_9b1a_0123456789ab"} {
		if _, err := ids.Parse[ids.Person](bad); err == nil {
			t.Errorf("%q was taken for an id", bad)
		}
	}
}

func TestNewIsOrderedByTime(t *testing.T) {
	t.Parallel()
	last := ""
	for range 1000 {
		id := ids.New[ids.Entry]()
		if s := id.String(); s <= last {
			t.Fatalf("%s follows %s", s, last)
		} else {
			last = s
		}
	}
}

func TestZeroIsNone(t *testing.T) {
	t.Parallel()
	var id ids.ID[ids.Unit]
	if v, err := id.Value(); !id.IsZero() || id.String() != "" || v != nil || err != nil {
		t.Errorf("%q %v %v", id, v, err)
	}
	b, err := json.Marshal(struct {
		A ids.ID[ids.Unit] `json:"a,omitzero"`
		B ids.ID[ids.Unit] `json:"b"`
	}{})
	if err != nil || string(b) != `{"b":""}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestTextAndStoreGiveTheSameBack(t *testing.T) {
	t.Parallel()
	id := ids.New[ids.Unit]()
	b, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	var read ids.ID[ids.Unit]
	if err := json.Unmarshal(b, &read); err != nil || read != id {
		t.Errorf("JSON: %s %v", read, err)
	}
	v, err := id.Value()
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]any{"text": v, "bytes of text": []byte(id.String()), "sixteen bytes": id[:], "an array": [16]byte(id)} {
		var got ids.ID[ids.Unit]
		if err := got.Scan(src); err != nil || got != id {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	if err := read.Scan(nil); err != nil || !read.IsZero() {
		t.Errorf("NULL: %s %v", read, err)
	}
	if err := read.Scan(7); err == nil {
		t.Error("a number was scanned")
	}
	if err := json.Unmarshal([]byte(`"nonsense"`), &read); err == nil {
		t.Error("nonsense was read")
	}
}
