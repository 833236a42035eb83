"""What goes on while nobody looks: results come here, the report is written, alerts are sent.

lease    only one watch acts for a state folder; another one waits for it
waking   has this laptop been away, or is a host back; pure
watcher  the round of looks, syncs and reports
"""
