"""The examples in the help of each command. A test parses every one of them."""

from typing import Any

_NAMES = {
    "instance": "web-1",
    "vpc": "front",
    "subnet": "private",
    "sg": "db",
    "lb": "shop",
    "volume": "data",
    "cache": "sessions",
    "asg": "web",
    "queue": "jobs",
    "db": "orders",
    "archive": "arc-0d4f7c",
    "snapshot": "data-monday",
    "plan": "apply-1f3a90c2",
    "orphan": "orphan-1",
    "key": "ci",
    "resource": "i-0d4f7c",
}
"""A name of a resource of each command, for the examples below."""
_OF_EVERY_KIND = {
    "list": ("list", "list --tag env=prod --as-of '1h ago'", "list --watch"),
    "show": ("show {name}", "show {name} --as-of '10m ago'", "show {name} -o yaml"),
    "history": ("history {name}", "history {name} -o json"),
    "tag": ("tag {name} env=prod", "tag {name} owner=ana env-"),
    "start": ("start {name}", "start {name} --no-wait"),
    "stop": ("stop {name}", "stop {name} --timeout 120"),
    "reboot": ("reboot {name}", "reboot {name} --no-wait"),
    "rotate-credentials": ("rotate-credentials {name}", "rotate-credentials {name} --no-wait"),
    "terminate": ("terminate {name}", "terminate {name} --yes --no-wait"),
    "delete": ("delete {name}", "delete {name} --yes --no-wait"),
    "remove": ("remove {name}", "remove {name} --yes --no-wait"),
    "revoke": ("revoke {name}", "revoke {name} --yes"),
}
EXAMPLES = {
    "up": ("up", "up --detach"),
    "down": ("down", "down --all --yes"),
    "status": ("status", "status -o json"),
    "doctor": ("doctor", "doctor -o json"),
    "config list": ("config list", "config list -o json"),
    "config show": ("config show", "config show prod -o json"),
    "config use": ("config use prod", "config use default"),
    "config set": (
        "config set prod --url https://cloud.example",
        "config set staging --url http://10.0.0.5:8080",
    ),
    "config remove": ("config remove prod", "config remove staging"),
    "dashboard open": ("dashboard open", "dashboard open --no-browser"),
    "instance launch": (
        "instance launch web-1 --image miniaws/hello:local --publish 8081:8080",
        "instance launch web-2 --image nginx --type small -e TZ=UTC -p 8082:80",
        "instance launch job-1 --image alpine --volume data:/data -- ls /data",
    ),
    "aws env": ("aws env --region eu-central-1", "aws env --at 2026-11-23T05:03:01Z"),
    "aws profile": ("aws profile", "aws profile before --at 2026-11-23T05:03:01Z"),
    "instance change": (
        "instance change web-1 --security-group web --security-group default",
        "instance change web-1 --type small",
    ),
    "instance resize": ("instance resize web-1 --type medium", "instance resize web-1 --type small -o json"),
    "instance logs": ("instance logs web-1 --tail 50", "instance logs web-1 --follow --timestamps"),
    "rewind": (
        "rewind --to '10m ago' --plan",
        "rewind --to '2026-11-23 14:00' --vpc shop --data rewind",
        "rewind --to 120 --kind instance --name web-1 --yes",
    ),
    "undo": ("undo", "undo 120 --plan", "undo apply-1f3a90c2 --force --yes"),
    "fork create": (
        "fork create --at '1h ago' --vpc shop --as shop-debug",
        "fork create --as shop-debug --vpc shop --publish 8081:9081 --yes",
    ),
    "fork delete": ("fork delete shop-debug", "fork delete shop-debug --yes"),
    "trash list": ("trash list", "trash list --kind volume --as-of '1h ago'"),
    "trash restore": ("trash restore web-1", "trash restore i-0d4f7c --as web-1-restored"),
    "trash purge": ("trash purge data", "trash purge --all --yes"),
    "plan apply": ("plan apply apply-1f3a90c2", "plan apply apply-1f3a90c2 --yes --no-wait"),
    "plan refresh": ("plan refresh apply-1f3a90c2", "plan refresh apply-1f3a90c2 -o json"),
    "plan cancel": ("plan cancel apply-1f3a90c2", "plan cancel apply-1f3a90c2 -o json"),
    "vpc create": ("vpc create front", "vpc create back --cidr 10.60.0.0/24 --tag env=prod"),
    "subnet create": (
        "subnet create private --vpc front --cidr 10.20.0.128/26 --no-public",
        "subnet create backend --vpc front --prefix 27 --no-internet",
    ),
    "subnet change": ("subnet change private --internet", "subnet change default.front --no-public"),
    "sg create": (
        "sg create db --vpc front --ingress tcp:5432=web",
        "sg create web --ingress tcp:80=0.0.0.0/0 --egress all=10.20.0.0/24",
    ),
    "sg change": ("sg change db --ingress tcp:5432=web", "sg change default.front --egress all=0.0.0.0/0"),
    "sg rules": ("sg rules db", "sg rules db --as-of '1h ago'"),
    "sg authorize": (
        "sg authorize db --ingress 'tcp:5432=web,the shop'",
        "sg authorize db --egress udp:53=10.20.0.2/32",
    ),
    "sg check": (
        "sg check --from web-1 --to orders --port 5432",
        "sg check --from 10.20.0.9 --to orders --protocol udp --port 53 --probe",
    ),
    "sg revoke": (
        "sg revoke db sgr-aaaaaaaaaaaaaaaa",
        "sg revoke db sgr-aaaaaaaaaaaaaaaa sgr-bbbbbbbbbbbbbbbb",
    ),
    "lb create": (
        "lb create shop --listen 8081",
        "lb create shop --listen 8081 --check http:/health,interval=5",
        "lb create shop --listen https:8443:shop --listen tcp:5432",
    ),
    "lb change": (
        "lb change shop --listen 8081 --rule '8081,path=/api/*,group=api'",
        "lb change shop --check http:/health --delay 30",
    ),
    "lb register": (
        "lb register shop web-1 --port 8080",
        "lb register shop --address 10.60.0.9 --port 80 --weight 2",
        "lb register shop --tag app=shop --port 8080 --group api",
    ),
    "lb deregister": ("lb deregister shop web-1", "lb deregister shop web-1 --group api"),
    "lb targets": ("lb targets shop", "lb targets shop --as-of '10m ago'"),
    "lb certificate": (
        "lb certificate shop shop --certificate shop.pem --private-key shop.key",
        "lb certificate shop api --certificate api.pem --private-key api.key",
    ),
    "lb remove-certificate": ("lb remove-certificate shop api", "lb remove-certificate shop api -o json"),
    "lb group put": (
        "lb group put shop api --check http:/health",
        "lb group put shop api --sticky --delay 30",
    ),
    "lb group remove": ("lb group remove shop api", "lb group remove shop api -o json"),
    "volume create": ("volume create data", "volume create data --size 10 --tag env=prod"),
    "volume schedule": (
        "volume schedule data --cron '0 3 * * *' --retention-days 7",
        "volume schedule data --cron '0 * * * *' --retention-count 24",
    ),
    "volume attach": (
        "volume attach data web-1 --path /srv/data",
        "volume attach logs web-1 --path /var/log",
    ),
    "volume detach": ("volume detach data", "volume detach data web-1"),
    "cache create": (
        "cache create sessions",
        "cache create sessions --memory 128 --persistence aof --publish 6379",
        "cache create pages --eviction allkeys-lru --parameter timeout=60",
    ),
    "cache change": ("cache change sessions --memory 256", "cache change sessions --unprotected"),
    "cache flush": ("cache flush sessions", "cache flush sessions --yes"),
    "asg create": (
        "asg create web --image miniaws/hello:local --port 8080 --min 2 --max 5",
        "asg create web --image nginx --min 2 --load-balancer shop:80",
    ),
    "asg update": ("asg update web --max 10", "asg update web --image nginx:1.27 --env MODE=fast"),
    "asg scale": ("asg scale web 4", "asg scale web 0 -o json"),
    "asg refresh": ("asg refresh web", "asg refresh web --image nginx:1.27", "asg refresh web --cancel"),
    "asg suspend": ("asg suspend web", "asg suspend web --process scaling"),
    "asg resume": ("asg resume web", "asg resume web --process scaling"),
    "asg protect": ("asg protect web web-1", "asg protect web web-1 -o json"),
    "asg unprotect": ("asg unprotect web web-1", "asg unprotect web web-1 -o json"),
    "asg decisions": ("asg decisions web", "asg decisions web --from '1h ago' --limit 5"),
    "asg replay": ("asg replay web", "asg replay web --from '24h ago'"),
    "asg simulate": (
        "asg simulate web --policy policy.json",
        "asg simulate web --policy policy.json --from '24h ago'",
    ),
    "asg policy track": (
        "asg policy track web cpu --target 60",
        "asg policy track web load --metric requests --target 50 --no-scale-in",
    ),
    "asg policy step": (
        "asg policy step web cpu --step 60:80:+1 --step 80::+2",
        "asg policy step web memory --metric memory --step :20:-1",
    ),
    "asg policy schedule": (
        "asg policy schedule web days --cron '0 8 * * 1-5' --min 4 --max 9",
        "asg policy schedule web nights --cron '0 20 * * *' --min 1",
    ),
    "asg policy remove": ("asg policy remove web cpu", "asg policy remove web nights -o json"),
    "queue create": (
        "queue create jobs --engine rabbitmq",
        "queue create jobs --engine nats --memory 256 --publish 4222",
    ),
    "queue change": ("queue change jobs --memory 512", "queue change jobs --unprotected"),
    "queue declare": ("queue declare jobs mail", "queue declare jobs mail --max-length 1000 --transient"),
    "queue remove": ("queue remove jobs mail", "queue remove jobs mail --yes"),
    "queue purge": ("queue purge jobs mail", "queue purge jobs mail --yes"),
    "queue peek": ("queue peek jobs mail", "queue peek jobs mail --limit 50 -o json"),
    "db create": (
        "db create orders",
        "db create orders --class small --publish 5432 --retention-days 14",
        "db create blog --engine mysql --protected",
    ),
    "db change": ("db change orders --class medium", "db change orders --parameter work_mem=8192"),
    "db restore": (
        "db restore orders --as orders-2 --to '10m ago'",
        "db restore orders --to '10m ago' --in-place",
    ),
    "db backups": ("db backups orders", "db backups orders -o json"),
    "db policy": ("db policy orders --schedule '0 2 * * *'", "db policy orders --retention-days 30"),
    "db delete": ("db delete orders --final-backup", "db delete orders --purge --drop-backups --yes"),
    "db promote": ("db promote orders-replica", "db promote orders-replica --no-wait"),
    "db replica create": (
        "db replica create orders --as orders-replica",
        "db replica create orders --as reports --class small --publish 5433",
    ),
    "snapshot create": ("snapshot create data-monday data", "snapshot create everything --all"),
    "snapshot restore": (
        "snapshot restore data-monday data-2",
        "snapshot restore data-monday data-2 --size 20",
    ),
    "snapshot copy": (
        "snapshot copy data-monday --to disk",
        "snapshot copy data-monday --to s3 --as data-monday-s3",
    ),
    "key issue": (
        "key issue ci --role operator",
        "key issue guest --role viewer --expires 30d -o name",
    ),
    "timeline": (
        "timeline",
        "timeline --resource web-1 --from '1h ago'",
        "timeline --kind instance --type instance.crashed -o ndjson",
    ),
    "events": ("events --follow", "events --kind instance --from '1h ago'", "events -f -o ndjson"),
    "diff": ("diff '1h ago'", "diff '24h ago' '1h ago' --kind instance"),
    "top": ("top", "top --once -o json"),
    "usage": ("usage", "usage --from '7d ago' --group-by kind", "usage --group-by tag:env"),
    "apply": (
        "apply -f shop.yaml --plan",
        "apply -f shop.yaml --set shop --prune",
        "apply -f network/ -f shop.yaml --yes",
    ),
    "export": ("export", "export --as-of '10m ago' --vpc shop", "export --tag app=shop"),
    "admin export": ("admin export -o history.ndjson", "admin export -o week.ndjson --from '7d ago'"),
    "admin open": ("admin open history.ndjson", "admin open history.ndjson --port 8090"),
    "why": ("why web-1", "why orders --kind database --as-of '10m ago'"),
    "import compose": ("import compose compose.yaml", "import compose compose.yaml --managed -o shop.yaml"),
    "mcp": ("mcp", "mcp --http 8090"),
}
"""By command, without the leading ``cloud``."""


def of(path: str) -> tuple[str, ...]:
    """Return the examples of a command, e.g. ``instance launch``."""
    if path in EXAMPLES:
        found = EXAMPLES[path]
    else:
        noun, _, verb = path.partition(" ")
        name = _NAMES.get(noun, "")
        found = tuple(f"{noun} {each.format(name=name)}" for each in _OF_EVERY_KIND.get(verb, ()))
    return tuple(f"cloud {each}" for each in found)


def add(command: Any, path: str) -> None:
    """Add the examples to the help of a command and its subcommands."""
    for name, each in getattr(command, "commands", {}).items():
        add(each, f"{path} {name}")
    if not command.epilog and (found := of(path)):
        command.epilog = "\n".join(("Examples:", *(f"  {each}" for each in found)))
