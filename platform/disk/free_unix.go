//go:build unix

package disk

import "syscall"

// Free measures the file system of a folder, as an ordinary user may use it.
func Free(dir string) (Space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return Space{}, err
	}
	block := uint64(st.Bsize)
	return Space{Free: uint64(st.Bavail) * block, Size: uint64(st.Blocks) * block}, nil
}
