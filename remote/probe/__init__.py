"""What runs on the host: reads a watched root and the host's own figures, and says them as JSON lines on its stdout.

Sent over the channel as source by `remote.bundle`, never installed. Standard library only, Python 3.8 or newer; psutil
and pynvml are used where they can be imported. These files import only each other: there is no other `remote` there.

    main            the first line, the threads, the end
    output          one line at a time on stdout; the heartbeat goes first
    tree            which folders there are, and which to look at now
    folder          one folder: its documents and streams
    document        a file that is replaced whole
    stream          a file that is only appended to
    processes       the processes that documents name
    procfs          /proc, parsed
    host            processor, memory, load, and who the host is
    disks           mounted disks
    sampler         a slow or hanging question asked on a thread of its own
    tools           vendors' command-line tools, bounded
    gpus            which source of GPU figures works here
    nvml, nvidia_smi, nvidia_xml, amd_smi, rocm_smi    the sources
    gpu_row         a GPU as it is sent
    facts           what seldom changes, looked up rarely: block devices, caches
    blocks          block devices and what is mounted from them
    caches          caches of the user that can be emptied
"""
