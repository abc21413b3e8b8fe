package agreements

import (
	"context"

	"shubbak/platform/db"
	"shubbak/platform/ids"
	"shubbak/tenants"

	"github.com/uptrace/bun"
)

type meetingRow struct {
	bun.BaseModel `bun:"table:agreement_meetings,alias:me"`
	Meeting
}

type decisionRow struct {
	bun.BaseModel `bun:"table:agreement_decisions,alias:de"`
	Decision
}

type noteRow struct {
	bun.BaseModel `bun:"table:agreement_meeting_notes,alias:mn"`
	Note
}

func insertMeeting(ctx context.Context, m Meeting) error {
	_, err := db.Conn(ctx).NewInsert().Model(&meetingRow{Meeting: m}).Exec(ctx)
	return err
}

// saveMeeting writes a meeting of the tenant of ctx whose minutes are not closed; of two
// changes of one version one wins. Its decisions are written anew.
func saveMeeting(ctx context.Context, m Meeting) error {
	err := db.Affected(db.Conn(ctx).NewUpdate().Model(&meetingRow{Meeting: m}).ExcludeColumn("id", "agreement_id", "tenant_id", "zone", "created_at").
		Where("id = ?", m.ID).Where("tenant_id = ?", db.Tenant(ctx)).Where("version = ?", m.Version-1).Where("state in (?)", db.Codes([]MeetingState{Planned, Held})).Exec(ctx))
	if err != nil {
		return err
	}
	if _, err := db.Conn(ctx).NewDelete().Model((*decisionRow)(nil)).Where("meeting_id = ?", m.ID).Where("tenant_id = ?", db.Tenant(ctx)).Exec(ctx); err != nil || len(m.Decisions) == 0 {
		return err
	}
	rows := make([]decisionRow, len(m.Decisions))
	for i, d := range m.Decisions {
		rows[i].Decision = d
	}
	_, err = db.Conn(ctx).NewInsert().Model(&rows).Exec(ctx)
	return err
}

// meetingsOf lists the meetings on an agreement, newest first, without their decisions.
func meetingsOf(ctx context.Context, agreement ids.ID[ids.Agreement], after string, limit int) ([]Meeting, error) {
	var rows []meetingRow
	q := db.Conn(ctx).NewSelect().Model(&rows).Where("me.agreement_id = ?", agreement).Where("?", ours(ctx, "me.agreement_id")).OrderExpr("me.id desc").Limit(int64(limit))
	if after != "" {
		q = q.Where("me.id < ?", after)
	}
	err := q.Scan(ctx)
	out := make([]Meeting, len(rows))
	for i, r := range rows {
		out[i] = r.Meeting
	}
	return out, err
}

func meetingByID(ctx context.Context, agreement ids.ID[ids.Agreement], id ids.ID[ids.Meeting]) (Meeting, error) {
	var r meetingRow
	if err := db.Conn(ctx).NewSelect().Model(&r).Where("me.id = ?", id).Where("me.agreement_id = ?", agreement).Where("?", ours(ctx, "me.agreement_id")).Scan(ctx); err != nil {
		return Meeting{}, err
	}
	var err error
	r.Decisions, err = decisionsOf(ctx, []ids.ID[ids.Meeting]{id})
	return r.Meeting, err
}

// decisionsOf lists what was decided at some meetings, in their order.
func decisionsOf(ctx context.Context, meetings []ids.ID[ids.Meeting]) ([]Decision, error) {
	var rows []decisionRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("de.meeting_id in (?)", db.In(meetings)).Where("?", ours(ctx, "de.agreement_id")).OrderExpr("de.meeting_id, de.position").Scan(ctx)
	out := make([]Decision, len(rows))
	for i, r := range rows {
		out[i] = r.Decision
	}
	return out, err
}

func decisionByID(ctx context.Context, id ids.ID[ids.Decision]) (Decision, error) {
	var r decisionRow
	err := db.Conn(ctx).NewSelect().Model(&r).Where("de.id = ?", id).Where("?", ours(ctx, "de.agreement_id")).Scan(ctx)
	return r.Decision, err
}

// moveDecision writes the state of the task that the tenant of ctx has of a decision.
func moveDecision(ctx context.Context, id ids.ID[ids.Decision], owner tenants.ID, state string) error {
	_, err := db.Conn(ctx).NewUpdate().Model((*decisionRow)(nil)).Set("state = ?", state).Where("id = ?", id).Where("owner_id = ?", owner).Where("?", ours(ctx, "de.agreement_id")).Exec(ctx)
	return err
}

func insertNote(ctx context.Context, n Note) error {
	_, err := db.Conn(ctx).NewInsert().Model(&noteRow{Note: n}).Exec(ctx)
	return err
}

func notesOf(ctx context.Context, meeting ids.ID[ids.Meeting]) ([]Note, error) {
	var rows []noteRow
	err := db.Conn(ctx).NewSelect().Model(&rows).Where("mn.meeting_id = ?", meeting).Where("?", ours(ctx, "mn.agreement_id")).OrderExpr("mn.id").Scan(ctx)
	out := make([]Note, len(rows))
	for i, r := range rows {
		out[i] = r.Note
	}
	return out, err
}
