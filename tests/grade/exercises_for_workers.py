"""An exercise whose judge does to its process what the answer says."""

import os
import signal
import time

from distlab.grade.examine import Unjudgeable
from distlab.grade.exercise import Course, Exercise, Literal, broken, kept

what = Exercise("98.1", "What happens", "98_workers", Literal("WHAT", stub="nothing"))


@what.claim("it is kept", points=1, public=1, hidden=1)
def obeys(answer, case):
    match answer:
        case "right":
            return kept()
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            time.sleep(600)
        case "cannot be judged":
            raise Unjudgeable("nothing works here")
    return broken(f"it is {answer!r}", advice="Say `right`.")


COURSE = Course([what])
