package bench

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestAStatIsReadPastANameWithBracketsAndBlanks(t *testing.T) {
	t.Parallel()
	const stat = "4711 (tricky) name (x)) S 4242 4711 4711 0 -1 4194304 900 0 0 0 150 50 7 3 20 0 1 0 12345 1000 200\n"
	p, err := parseStat(stat)
	if err != nil {
		t.Fatal(err)
	}
	want := process{name: "tricky) name (x)", parent: 4242, own: 2 * time.Second, children: 100 * time.Millisecond}
	if p != want {
		t.Errorf("read %+v, want %+v", p, want)
	}
}

func TestWhatIsNoStatIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "no brackets", "1 (short) S 2 3", "1 (a) S x 1 1 0 -1 0 0 0 0 0 1 1 1 1 20", ") 1 ("} {
		if p, err := parseStat(text); err == nil {
			t.Errorf("%q was read as %+v", text, p)
		}
	}
}

func TestThePeakIsReadInOctets(t *testing.T) {
	t.Parallel()
	peak, err := parsePeak("Name:\tpulse\nVmPeak:\t  999999 kB\nVmHWM:\t   12345 kB\nVmRSS:\t   11111 kB\n")
	if err != nil || peak != 12345<<10 {
		t.Errorf("the peak is %d, %v", peak, err)
	}
	if _, err := parsePeak("Name:\tkthreadd\n"); err == nil {
		t.Error("a status without a peak has one")
	}
}

// A process that worked for a while must show it, and must still show it in its
// parent's account when it is gone: backends of a database come and go.
func TestWorkIsCountedWhileAProcessLivesAndAfterItEnded(t *testing.T) {
	t.Parallel()
	shell := exec.Command("sh", "-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; read wait")
	stop, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer shell.Wait()
	defer stop.Close()
	var last time.Duration
	working := false // the child was seen at work
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		family, err := cpuOfFamily(shell.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		now, err := processOf(shell.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if family < last-4*tick { // each time is cut to whole ticks before they are added
			t.Fatalf("the account went from %v back to %v", last, family)
		}
		if most := 2*time.Since(begun) + time.Second; family > most {
			t.Fatalf("two processes took %v of at most %v", family, most)
		}
		last = family
		working = working || now.children == 0 && family > now.own+10*tick
		if now.children > 0 && family >= now.children {
			if !working {
				t.Error("nothing was counted while the child lived")
			}
			return
		}
	}
	t.Errorf("the child never ended; the account is %v", last)
}

func TestAProcessThatIsNoBackendHasNoPostmaster(t *testing.T) {
	t.Parallel()
	if pid, err := postmasterOf(os.Getpid()); err == nil {
		t.Errorf("this test was started by the postmaster %d", pid)
	}
}
