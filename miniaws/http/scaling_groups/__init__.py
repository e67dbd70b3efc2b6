"""Scaling groups over HTTP: ``groups`` themselves, ``reviews`` of what they decided."""

from fastapi import APIRouter

from miniaws.http.scaling_groups import groups, reviews

router = APIRouter(routes=[*groups.router.routes, *reviews.router.routes])
