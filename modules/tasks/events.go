package tasks

import "shubbak/platform/ids"

// Assigned says that somebody was given a task. It holds ids only.
type Assigned struct {
	Tenant   ids.ID[ids.Tenant] `json:"tenant"`
	Task     ids.ID[ids.Task]   `json:"task"`
	Assignee ids.ID[ids.User]   `json:"assignee"`
	ByUser   ids.ID[ids.User]   `json:"by_user,omitzero"`
}

// EventName is stored.
func (Assigned) EventName() string { return "task.assigned" }

// Audience is the tenant itself: a task never leaves it.
func (a Assigned) Audience() []string { return []string{a.Tenant.String()} }

// Order is any: each notice stands for itself.
func (Assigned) Order() (string, int64) { return "", 0 }
