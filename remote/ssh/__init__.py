"""A host reached as `ssh` reaches it, on paramiko: settings, host keys, login, connections, commands.

`transport.SshTransport` is what the rest of the product sees. Importing this package imports no paramiko; its modules
do.
"""
