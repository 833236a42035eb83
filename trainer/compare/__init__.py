"""Runs beside each other, sample by sample: predictions, intervals, paired tests, ensembles, and why a class was said.

    stored       predictions in the run's folder, one file for each checkpoint and split
    gather       predictions of runs, made where they are not stored; one model in memory at a time
    measures     what predictions are worth: accuracy, confusion, squared error, calibration
    paired       differences on the same samples, by bootstrap and exact test
    report       everything that is compared, as values; `tables` and `picture` show it
    ensemble     several runs that answer together; `blend` has the ways
    gaze         where a run looked, as a picture
    rephrase     an optional hook that says an explanation in other words

Reads run directories through `trainer.record`; writes nothing into them but `predictions/`.
"""
