import asyncio, time, subprocess
from tests.transport.conftest import shell
from tai.policy.sandbox import Sandbox
async def test_speed(sshd, dial, client_home):
    conn = await dial(sshd)
    for n in range(3):
        r = await shell(conn, "true"); print("one", r.duration_s)
    base = ["ssh","-F","none","-o",f"UserKnownHostsFile={client_home.known_hosts}","-i",str(client_home.key),"-p",str(sshd.port),"-o","ControlPath="+str(client_home.path/"cm"),"-o", "ControlMaster=auto","-o","ControlPersist=60",sshd.address]
    for n in range(4):
        t=time.perf_counter(); subprocess.run([*base,"true"]); print("ssh", time.perf_counter()-t)
    t=time.perf_counter(); ps=[subprocess.Popen([*base,"uname"], stdout=subprocess.DEVNULL) for _ in range(8)]; [p.wait() for p in ps]; print("8 mux", time.perf_counter()-t)
    pid = int((await shell(conn,"echo $PPID")).stdout)
    p = subprocess.Popen(["strace","-f","-r","-p",str(pid),"-o","/tmp/s/sshd.strace"]); time.sleep(1)
    r = await shell(conn, "true"); print("traced", r.duration_s)
    p.terminate(); p.wait()
    subprocess.run([*base,"-O","exit"])
