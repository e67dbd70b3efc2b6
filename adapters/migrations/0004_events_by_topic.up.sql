-- For timelines of one type or kind of event, rare ones above all. Topics are few, so it grows at a few hot pages.
CREATE INDEX events_topic ON events (topic, notification_id);
