package main

import (
	"context"
	"os"

	"shubbak/platform/vault"
)

// masterKey opens the key file. It is made on the first start of the embedded
// default, or while a real database holds no keys yet.
func (a *app) masterKey(ctx context.Context) (aead, error) {
	create := a.settings.embeddedDatabase()
	if _, err := os.Stat(a.settings.KeyFile); err != nil && !create {
		list, err := a.registry.All(ctx)
		if err != nil {
			return nil, err
		}
		create = len(list) == 0
	}
	return vault.OpenMaster(a.settings.KeyFile, create)
}
