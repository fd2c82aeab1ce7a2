"""An exercise whose judge does to its process what the answer says."""

import ctypes
import os
import signal
import time

from distlab.grade.examine import Unjudgeable
from distlab.grade.exercise import Course, Exercise, Literal, broken, kept

PR_GET_DUMPABLE = 3  # prctl(2)

what = Exercise("98.1", "What happens", "98_workers", Literal("WHAT", stub="nothing"))


@what.claim("it is kept", points=1, public=1, hidden=1)
def obeys(answer, case):
    match answer:
        case "right":
            return kept()
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case ("dies once", str(place)) if not os.path.exists(place):
            with open(place, "x"):
                os.kill(os.getpid(), signal.SIGKILL)
        case ("dies once", _):
            return kept()
        case "may be looked into":
            dumpable = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
            return broken("anybody may", advice="Hide.") if dumpable else kept()
        case "hangs":
            time.sleep(600)
        case "cannot be judged":
            raise Unjudgeable("nothing works here")
    return broken(f"it is {answer!r}", advice="Say `right`.")


COURSE = Course([what])
