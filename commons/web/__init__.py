"""What each service's Flask app is built from: errors, sessions, security headers, health, logging, server."""
