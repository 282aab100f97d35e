"""The doors of the web server."""
