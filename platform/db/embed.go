package db

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var migrations embed.FS

// Tree is the package's own part of the migration tree: the functions that the
// walls ask. It sorts before every other.
func Tree() fs.FS { return migrations }
