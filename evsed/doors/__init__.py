"""How the web server is reached: HTTP, TLS with its certificate, and root's socket."""
