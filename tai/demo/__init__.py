"""`tai demo`: a recorded real incident, over real SSH on loopback. Nothing is faked past the server.

Policy, host key check, collectors, inspection, engine and rendering are those of any other host.
"""
