"""What goes on while nobody looks: results come here, the report is written, alerts are sent, rules of races act.

lease     only one watch acts for a state folder; another one waits for it
waking    has this laptop been away, or is a host back; pure
watcher   the round of looks, syncs and reports
rivals    who should have ended by now, since somebody has won
post      the watch on a host: brought there, started, looked at, ended
posting   its configuration, made from the laptop's
beating   its heartbeat
identity  which watches are of the same configuration
"""
