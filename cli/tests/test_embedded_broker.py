import zipfile

import pytest
from canheal_cli.embedded import jars, startcache
from canheal_cli.embedded.jars import Pin, checked_jars, pins, sha256_of
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.errors import JarError, NotReadyError
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

pytestmark = pytest.mark.stack


def test_the_brokers_client_library_is_4_4_0() -> None:
    (client,) = (jar for jar in checked_jars() if jar.name.startswith("kafka-clients"))
    with zipfile.ZipFile(client) as archive:
        version = archive.read("kafka/kafka-version.properties").decode()
    assert "version=4.4.0" in version


def test_no_jar_is_pinned_in_two_versions_and_every_pin_is_a_sha256() -> None:
    names = [pin.coordinate.rsplit(":", 1)[0] for pin in pins()]
    assert len(names) == 45
    assert len(set(names)) == 45
    assert all(len(bytes.fromhex(pin.sha256)) == 32 for pin in pins())


@pytest.fixture
def small_pin() -> Pin:
    (pin,) = (pin for pin in pins() if ":argparse4j:" in pin.coordinate)
    return pin


def test_a_truncated_jar_is_caught_and_fetched_anew(tmp_path, small_pin) -> None:
    (jar,) = checked_jars(tmp_path, [small_pin])
    jar.write_bytes(jar.read_bytes()[:1000])
    (mended,) = checked_jars(tmp_path, [small_pin])
    assert sha256_of(mended) == small_pin.sha256


def test_a_jar_that_stays_wrong_is_refused_and_not_kept(tmp_path, small_pin) -> None:
    other = Pin(small_pin.coordinate, "0" * 64)
    with pytest.raises(JarError, match="is not the pinned file"):
        checked_jars(tmp_path, [other])
    assert not other.path(tmp_path).exists()


def test_without_a_repository_the_error_says_what_to_do(tmp_path, small_pin, monkeypatch) -> None:
    monkeypatch.setenv("CANHEAL_MAVEN_REPOSITORY", "http://127.0.0.1:9/nothing")
    with pytest.raises(JarError, match="CANHEAL_MAVEN_REPOSITORY"):
        checked_jars(tmp_path, [small_pin])


def test_the_broker_serves_metadata_and_makes_no_topic_by_itself(kafka: EmbeddedKafka) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        (broker,) = admin.describe_cluster()["brokers"]
        consumer = KafkaConsumer("a-misspelt-name", bootstrap_servers=kafka.bootstrap)
        consumer.poll(timeout_ms=500)
        consumer.close()
        assert f"{broker['host']}:{broker['port']}" == kafka.bootstrap
        assert "a-misspelt-name" not in admin.list_topics()
    finally:
        admin.close()


def test_a_broker_that_cannot_start_is_explained_by_the_end_of_its_log(tmp_path) -> None:
    broker = EmbeddedKafka(tmp_path)
    spec = broker.spec(["-XX:NoSuchOption=1"])
    broker.start(spec)
    with pytest.raises(NotReadyError, match=r"ended while it started[^$]*NoSuchOption"):
        broker.wait_ready()


def test_the_start_cache_belongs_to_the_very_files(tmp_path, small_pin, monkeypatch) -> None:
    jars = checked_jars(tmp_path / "maven", [small_pin])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert startcache.options(jars) == ()
    made = startcache.place(jars)
    made.parent.mkdir(parents=True)
    made.touch()
    assert f"-XX:AOTCache={made}" in startcache.options(jars)
    jars[0].touch()
    assert startcache.options(jars) == ()


def test_records_survive_a_kill_of_the_broker(kafka: EmbeddedKafka) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics({"survivors": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    for number in range(100):
        producer.send("survivors", str(number).encode()).get(timeout=10)
    producer.close()

    before = kafka.pid
    kafka.kill()
    kafka.start()
    kafka.wait_ready()

    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    partition = TopicPartition("survivors", 0)
    consumer.assign([partition])
    seen: list[bytes] = []
    for _ in range(40):
        if len(seen) == 100:
            break
        seen += [record.value for record in consumer.poll(timeout_ms=500).get(partition, [])]
    consumer.close()
    assert kafka.pid != before
    assert seen == [str(number).encode() for number in range(100)]


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jars.cache_folder() == tmp_path / "canheal"
