"""Load balancers over HTTP."""

from miniaws.http.load_balancers.routes import router as router
