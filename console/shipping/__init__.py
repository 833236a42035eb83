"""What a worker needs on its host, brought there before it starts: the trainer's code, the user's, small packages.

`kit` puts it together; `project` and `packages` make trees of what lies on this laptop, `own` of the console itself.
How trees travel is the remote layer's business (`remote.deploy`).
"""
