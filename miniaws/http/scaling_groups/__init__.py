"""Scaling groups over HTTP: ``bodies`` what may be sent, ``groups`` what is wanted, ``reviews`` what was decided."""

from fastapi import APIRouter

from miniaws.http.scaling_groups import groups, reviews

router = APIRouter()
router.include_router(groups.router)
router.include_router(reviews.router)
