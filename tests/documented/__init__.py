"""Applications under requests that schemathesis makes of their OpenAPI documents."""
