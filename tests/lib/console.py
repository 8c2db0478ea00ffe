"""The other end of --console-socket: listens at the socket SOCKET, takes the master of a terminal from the first message,
writes what the terminal says to the file OUTPUT until its end, and types what comes on stdin. With "close" as a third word it
hangs up instead; with "fd" it takes any descriptor and prints what came with it and what /proc calls it."""
import array
import os
import select
import socket
import sys

path, output, *how = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
listener.listen(1)
os.rename(path + ".new", path)  # who sees it can connect
connection, _ = listener.accept()
if how == ["close"]:
    sys.exit()
name, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(8))
descriptors = array.array("i", control[0][2]) if control else []
if len(descriptors) != 1:
    sys.exit(f"{len(descriptors)} descriptors came")
fd = descriptors[0]
if how == ["fd"]:
    with open(output, "w", encoding="utf-8") as said:
        print(name.decode(), os.readlink(f"/proc/self/fd/{fd}"), file=said)
        with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as info:
            said.write(info.read())
    sys.exit()
with open(output, "wb", buffering=0) as said:
    inputs = [fd, 0]
    while fd in inputs:
        for ready in select.select(inputs, [], [])[0]:
            try:
                chunk = os.read(ready, 4096)
            except OSError:  # EIO: nobody has the other side any more
                chunk = b""
            if not chunk:
                inputs.remove(ready)
            elif ready == fd:
                said.write(chunk)
            else:
                os.write(fd, chunk)
