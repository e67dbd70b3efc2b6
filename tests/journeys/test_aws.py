"""boto3 on a real engine: instances run, files move through a volume, and the past stays as it was."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.journeys.running_cloud import IMAGE, RunningCloud

Client = Callable[..., Any]


@pytest.fixture
def client(cloud: RunningCloud) -> Client:
    """Return clients of boto3 for a cloud."""
    found = cloud.show("/api/aws-credentials")

    def make(service: str, at: str = "") -> Any:
        new: Any = boto3.client
        return new(
            service,
            endpoint_url=f"http://127.0.0.1:{cloud.port}{at}",
            region_name=found["region"],
            aws_access_key_id=found["access_key_id"],
            aws_secret_access_key=found["secret_access_key"],
        )

    return make


def test_instances_and_volumes_live_as_boto3_asks(cloud: RunningCloud, client: Client) -> None:
    ec2 = client("ec2")
    ran = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.nano", MinCount=2, MaxCount=2)
    ids = [each["InstanceId"] for each in ran["Instances"]]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids)
    assert len(cloud.containers()) == 2
    running = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert all(each["PrivateIpAddress"] for each in running[0]["Instances"])
    assert "listening" in ec2.get_console_output(InstanceId=ids[0])["Output"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a")["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
    ec2.stop_instances(InstanceIds=ids[:1])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids[:1])
    ec2.attach_volume(VolumeId=volume, InstanceId=ids[0], Device="/data")
    ec2.start_instances(InstanceIds=ids[:1])
    ec2.get_waiter("instance_running").wait(InstanceIds=ids[:1])
    own = running[0]["Instances"][0]["PrivateDnsName"]
    ran = cloud.http.post(f"/api/instances/{own}/exec", json={"command": ["sh", "-c", "ls -d /data"]})
    assert ran.json()["stdout"] == "/data\n"
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot])
    position = cloud.http.get("/api/instances").json()["position"]
    before = ec2.describe_instances()["Reservations"]
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)
    assert cloud.containers() == {}
    assert client("ec2", f"/at/{position}").describe_instances()["Reservations"] == before
