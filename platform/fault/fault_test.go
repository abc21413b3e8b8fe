package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"shubbak/platform/fault"
)

func TestCodeOfFindsTheFirstFault(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk")
	err := fmt.Errorf("saving: %w", fault.Of(fault.Unavailable, cause))
	if fault.CodeOf(err) != fault.Unavailable || !fault.Has(err, fault.Unavailable) || !errors.Is(err, fault.New(fault.Unavailable)) || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if errors.Is(err, fault.New(fault.NotFound)) || fault.Has(nil, fault.Internal) || fault.CodeOf(cause) != fault.Internal {
		t.Error("another code is another fault, and any other error is internal")
	}
}

func TestATextHoldsNoValues(t *testing.T) {
	t.Parallel()
	e := fault.In("phones[0].number", "malformed").With("candidates", "Fatima")
	e.Args = map[string]any{"Name": "Fatima"}
	if s := e.Error(); s != "invalid phones[0].number:malformed" || strings.Contains(fmt.Sprint(e), "Fatima") {
		t.Errorf("%q", s)
	}
}

func TestCollectNamesEveryField(t *testing.T) {
	t.Parallel()
	var c fault.Collect
	if c.Err() != nil {
		t.Error("nothing was noted")
	}
	c.Add("sex", "required")
	c.AddField(fault.Field{Field: "name", Code: "required", Key: "k"})
	var f *fault.Error
	if err := c.Err(); !errors.As(err, &f) || f.Code != fault.Invalid || len(f.Fields) != 2 || f.Fields[1].Key != "k" {
		t.Errorf("%v", err)
	}
}
