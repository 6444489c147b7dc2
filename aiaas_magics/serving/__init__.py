"""The prediction process: started by command line, blind to jobs."""
