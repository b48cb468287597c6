"""Worker processes in which visitors' files are read and analysed; free of Streamlit.

A picture or clip from a stranger can crash a decoder, or make it take minutes and gigabytes. So
none is decoded in the server itself: the bytes go to a worker process with limits on processor
time, memory and wall time, and the faces come back. A worker that breaks a limit or whose visitor
leaves is killed, and another takes its place.

=========== =====================================================================================
``limits``   the limits of a task, and how a process sets them for itself
``channel``  the messages between server and worker; of a worker, data alone are accepted
``__main__`` the worker: loads the models, then runs one task after another
``process``  the server's end of one worker
``pool``     a few warm workers, the queue before them, and the pixels that are in work at a time;
             ``pool_task``: one call in a worker, as the thread sees it that wants the result
``tasks``    what is done in workers: photos and clips
=========== =====================================================================================
"""
