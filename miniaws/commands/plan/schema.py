"""The JSON Schema of a document of a manifest, from the bodies that create what it describes."""

from typing import Any

from pydantic.json_schema import models_json_schema

from miniaws.commands.plan.manifest import SPECS, ManifestResource

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PREFIX = "#/$defs/{model}"
_SECRET: Json = {"$ref": "#/$defs/Secret"}


def document_schema() -> Json:
    """Return the schema of one document."""
    named, definitions = models_json_schema(
        [(model, "validation") for model in SPECS.values()], ref_template=_PREFIX, by_alias=True
    )
    defined: Json = definitions["$defs"]
    _allow_references_to_secrets(defined)
    beside = ManifestResource.model_json_schema()["properties"]
    specs = {kind: named[model, "validation"] for kind, model in SPECS.items()}
    return {
        "$schema": DIALECT,
        "title": "Resource of a miniaws estate",
        "type": "object",
        "required": ["kind", "name"],
        "properties": {name: beside[name] for name in ("kind", "name", "tags", "running")} | {"spec": {}},
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"properties": {"spec": spec}, **_required(defined, spec)},
            }
            for kind, spec in specs.items()
        ],
        "$defs": defined | {"Secret": _secret()},
    }


def _required(defined: Json, spec: Json) -> Json:
    """Require a spec where it cannot be left out."""
    model: Json = defined[spec["$ref"].rpartition("/")[2]]
    return {"required": ["spec"]} if model.get("required") else {}


def _allow_references_to_secrets(defined: Json) -> None:
    for name in ("LaunchInstanceSpec", "LaunchTemplate"):
        defined[name]["properties"]["env"]["additionalProperties"] = _SECRET
    _allow(defined["LaunchInstanceSpec"], "user_data")
    _allow(defined["UploadCertificate"], "certificate")
    _allow(defined["UploadCertificate"], "private_key")
    certificates = defined["CreateLoadBalancerSpec"]["properties"]["certificates"]
    certificates["additionalProperties"] = {
        "anyOf": [certificates["additionalProperties"], {"$ref": "#/$defs/Secret/anyOf/3"}]
    }


def _allow(model: Json, field: str) -> None:
    described = model["properties"][field]
    kept = {key: described[key] for key in ("title", "description", "default") if key in described}
    model["properties"][field] = {**kept, **_SECRET}


def _secret() -> Json:
    return {
        "anyOf": [
            {"type": "string"},
            _only("from_env", {"type": "string"}, "a variable of the environment of the command"),
            _only("from_file", {"type": "string"}, "a file, relative to the manifest"),
            _only("use_previous_value", {"const": True}, "the value that it has"),
        ]
    }


def _only(name: str, value: Json, description: str) -> Json:
    return {
        "type": "object",
        "properties": {name: {**value, "description": description}},
        "required": [name],
        "additionalProperties": False,
    }
