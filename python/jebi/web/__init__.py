"""The toolkit under the framework: requests, responses, routing, middleware, test client.

Module names and public names are Starlette's, so that code written for Starlette runs unchanged.
"""

#: The release of Starlette whose public interface this package offers.
__version__ = "1.10.0"
