"""``cloud vpc``."""

from miniaws.cli import reading, registry, writing
from miniaws.cli.noun import Column, Noun, columns, spec

VPC = Noun("vpc", "VPC", "/api/vpcs", columns(Column("CIDR", spec("cidr"))))

app = registry.group("vpc")

writing.add_create(app, VPC, "CreateVpc", text="Create a VPC.")
reading.add_reads(app, VPC)
writing.add_tag(app, VPC)
writing.add_end(app, VPC, "delete", "deleted", "it must not be in use")
