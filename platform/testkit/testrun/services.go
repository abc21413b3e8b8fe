package main

import (
	"os"

	"shubbak/platform/testkit/parts"
)

// services are the real parts that this run found and started.
type services struct {
	dir     string
	env     []string
	ran     []string
	lack    []string
	started []*parts.Part
}

// optional is the part whose tests are skipped where it is absent, also where all
// parts are required.
const optional = "ClamAV"

// startServices starts what is there. An address that the caller gives wins.
func startServices() (*services, error) {
	dir, err := os.MkdirTemp("", "shubbak-services-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user under root
		return nil, err
	}
	s := &services{dir: dir}
	for _, part := range []struct {
		name, env string
		start     func(dir string) (*parts.Part, error)
	}{{"PostgreSQL", "TEST_DATABASE_URL", parts.Postgres}, {"Redis", "TEST_REDIS_URL", parts.Redis}, {"MinIO", "TEST_S3_URL", parts.MinIO}, {"Chromium", "TEST_CHROMIUM", chromium}, {optional, "TEST_CLAMAV_URL", parts.ClamAV}} {
		address := os.Getenv(part.env)
		if address == "" {
			p, err := part.start(dir)
			if p != nil && p.Name != "" {
				s.started = append(s.started, p)
			}
			if err != nil {
				if part.name != optional {
					s.lack = append(s.lack, part.name+" ("+err.Error()+")")
				}
				continue
			}
			address = p.Address
		}
		s.env = append(s.env, part.env+"="+address)
		s.ran = append(s.ran, part.name)
	}
	return s, nil
}

// rings are the rings of locks of the whole run.
func (s *services) rings() []string {
	for _, p := range s.started {
		if p.Name == "postgres" {
			list, err := p.Rings()
			if err != nil {
				return []string{err.Error()}
			}
			return list
		}
	}
	return nil
}

func (s *services) stop() {
	for i := len(s.started) - 1; i >= 0; i-- {
		s.started[i].Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// chromium is a program that tests start themselves.
func chromium(string) (*parts.Part, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p := parts.Find(name); p != "" {
			return &parts.Part{Address: p}, nil
		}
	}
	return nil, parts.ErrAbsent
}
