package main

import (
	"shubbak/platform/fault"
	"shubbak/platform/ids"
	"shubbak/web"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Short names for types that wire.go mentions.
type (
	personID = ids.ID[ids.Person]
	aead     = tink.AEAD
)

func faultFields(err error) []fault.Field { return web.Faults(err) }
