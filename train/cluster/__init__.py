"""Trainings of the queue on a Ray cluster, if `LESIONLAB_RAY` names one.

The queue stays here: its process of a run (`follow`) hands the run's folder to the cluster as a job
and follows it; there `__main__` is the job, and `worker` what each of its processes does. Both
sides see the same folders. `record` notes in the run's folder which job is at it, so that a job
outlives whoever follows it, and none that was given up goes on writing.
"""
