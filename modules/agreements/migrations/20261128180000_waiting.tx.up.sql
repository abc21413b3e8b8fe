-- What waits for somebody in the agreements of an institution is found without its history.
create index agreements_state on agreements (state, id);
--bun:split
create index agreement_measures_waiting on agreement_measures (agreement_id) where signed_at is null;
