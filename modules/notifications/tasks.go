package notifications

import (
	"context"

	"shubbak/modules/tasks"
	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/platform/live"
	"shubbak/platform/outbox"
)

// ofTask begins the event of a notice that is about a task. The notice says no more than
// that there is one: its title may name a person.
const ofTask = "task."

// notifyOfTask tells the assignee of a task, unless they gave it to themselves.
func (s *Service) notifyOfTask(ctx context.Context, d outbox.Delivery, a tasks.Assigned) error {
	if a.Assignee == a.ByUser {
		return nil
	}
	staff, err := s.one(ctx, a.Assignee)
	if err != nil || len(staff) == 0 {
		return err
	}
	if err := inLine(ctx, s.DB.Postgres()); err != nil {
		return err
	}
	n := Notification{ID: ids.New[ids.Notification](), TenantID: a.Tenant, UserID: a.Assignee, DeliveryID: d.ID, Event: ofTask + "assigned", SubjectID: ids.ID[ids.Referral](a.Task),
		Partner: a.Tenant, Code: ids.Code(), CreatedAt: s.Clock.Now()}
	fresh, err := insert(ctx, n)
	if err != nil || !fresh {
		return err
	}
	if err := s.Bus.Publish(ctx, mailed{a.Tenant, n.ID}); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() { s.Live.Tell(live.Hint{User: a.Assignee, Notification: n.ID}) })
	return nil
}
