"""Compares the OpenAPI documents of applications under the original FastAPI and under Jebi."""
