"""``GET /metrics``: what is measured and counted, for Prometheus."""
