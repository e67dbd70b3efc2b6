"""``cloud fork``: what it prints."""

from tests.cli.conftest import Command


def test_a_fork_is_shown_with_how_to_connect_and_deleted_again(cloud: Command) -> None:
    cloud("vpc", "create", "shop")
    cloud("instance", "launch", "web-1", "--image", "miniaws/hello:local", "--vpc", "shop")
    created = cloud("fork", "create", "--vpc", "shop", "--as", "shop-debug", "--yes").stdout
    assert "cloud instance exec web-1-debug -- sh" in created
    assert cloud("vpc", "list", "-o", "name").stdout.split() == ["default", "shop", "shop-debug"]
    cloud("fork", "delete", "shop-debug", "--yes")
    assert cloud("vpc", "list", "-o", "name").stdout.split() == ["default", "shop"]
    assert cloud("instance", "list", "-o", "name").stdout == "web-1\n"
