package calendars

import "testing"

func TestHoursAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"08:30": "08:30", "8:30": "08:30", "8h30": "08:30", "8h": "08:00", "8": "08:00", "٠٨:٣٠": "08:30", "24:00": "24:00", "": "", " 9.15 ": "09:15", "noon": "noon:00"} {
		if got := clockTime(typed); got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
	}
}
