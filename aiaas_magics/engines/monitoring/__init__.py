"""What an endpoint is compared with, and how: its reference, drift, performance, alerts."""
