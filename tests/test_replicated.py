"""What replicas do once the order is agreed: execute each request once."""

from distlab.machine import KeyValue, Queue
from distlab.node import Call
from distlab.replicated import Command, new


def test_a_request_is_executed_once_however_often_it_is_in_the_order():
    service = new(Queue())
    put = Command("c1", 1, Call("enqueue", ("a",)))
    take = Command("c2", 1, Call("dequeue"))
    for command in (put, put, take, put, take):
        service.execute(command)
    assert service.state == ()
    assert (service.result("c1"), service.result("c2")) == (None, "a")


def test_an_old_request_of_a_client_is_not_executed():
    service = new(Queue())
    service.execute(Command("c1", 2, Call("enqueue", ("b",))))
    service.execute(Command("c1", 1, Call("enqueue", ("a",))))
    assert service.state == ("b",)
    assert service.last("c1") == 2 and service.last("c2") == 0


def test_a_service_goes_on_from_a_snapshot():
    service = new(KeyValue())
    write = Command("c1", 1, Call("write", ("x", 1)))
    service.execute(write)
    again = new(KeyValue(), service.snapshot())
    again.execute(write)
    again.execute(Command("c1", 2, Call("read", ("x",))))
    assert again.result("c1") == 1
    assert service.last("c1") == 1, "the snapshot is no longer the service's"
