"""What goes on while nobody looks: results come here, the report is written, alerts are sent.

lease    only one watch acts for a state folder; another one waits for it
watcher  the round of looks, syncs and reports
"""
