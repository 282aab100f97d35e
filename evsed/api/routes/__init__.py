"""The routes of the web server, a module a group."""
