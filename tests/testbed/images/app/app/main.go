// The demo application: a small web service that can also go wrong in the ways services do.
//
// --version and --behaviour, else APP_VERSION and APP_BEHAVIOUR, are baked into an image's configuration; the behaviour
// may also be the only argument. PORT is 8080 unless set.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const behaviours = "ok, crash-at-start, crash-later, crash-once, exit-zero, out-of-memory, never-ready, unready-later or slow"

func main() {
	log.SetFlags(0)
	behaviour, version := wishes()
	var ready atomic.Bool
	switch behaviour {
	case "ok":
		ready.Store(true)
	case "crash-at-start":
		fmt.Fprintln(os.Stderr, "fatal: cannot reach database at db:5432")
		os.Exit(3)
	case "crash-later":
		ready.Store(true)
		time.AfterFunc(seconds("APP_CRASH_AFTER", 5), func() {
			fmt.Fprintln(os.Stderr, "fatal: lost the connection to the message queue")
			os.Exit(2)
		})
	case "crash-once":
		if firstRun() {
			fmt.Fprintln(os.Stderr, "fatal: the schema is not there yet")
			os.Exit(3)
		}
		ready.Store(true)
	case "exit-zero":
		log.Print("all done")
		return
	case "out-of-memory":
		fillMemory()
	case "unready-later":
		ready.Store(true)
		time.AfterFunc(seconds("APP_UNREADY_AFTER", 5), func() { ready.Store(false) })
	case "never-ready":
	case "slow":
		time.AfterFunc(seconds("APP_READY_AFTER", 10), func() { ready.Store(true) })
	default:
		log.Fatalf("unknown behaviour %q: %s", behaviour, behaviours)
	}
	go leaveWhenTold()
	serve(version, &ready)
}

func wishes() (behaviour, version string) {
	flag.StringVar(&behaviour, "behaviour", setting("APP_BEHAVIOUR", "ok"), behaviours)
	flag.StringVar(&version, "version", setting("APP_VERSION", "unknown"), "what it answers")
	flag.Parse()
	switch flag.NArg() {
	case 0:
	case 1:
		behaviour = flag.Arg(0)
	default:
		log.Fatalf("one behaviour at most, not %q", flag.Args())
	}
	return behaviour, version
}

// firstRun leaves a file in APP_STATE, a volume that outlives the container, and says whether it was not there yet.
func firstRun() bool {
	file, err := os.OpenFile(setting("APP_STATE", "/state")+"/started", os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return !os.IsExist(err)
	}
	file.Close()
	return true
}

// fillMemory writes to 256 MiB, page by page; where no limit ends it, it says so.
func fillMemory() {
	const size = 256 << 20
	memory := make([]byte, size)
	for place := 0; place < size; place += os.Getpagesize() {
		memory[place] = 1
	}
	log.Fatalf("filled %d MiB and was not stopped", len(memory)>>20)
}

func serve(version string, ready *atomic.Bool) {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		host, _ := os.Hostname()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"version": version, "host": host})
	})
	address := ":" + setting("PORT", "8080")
	log.Printf("version %s listens on %s", version, address)
	log.Fatal(http.ListenAndServe(address, nil))
}

// leaveWhenTold answers SIGTERM: as process 1 of a container, nothing else would.
func leaveWhenTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	<-told
	log.Print("told to stop, bye")
	os.Exit(0)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func seconds(name string, otherwise int) time.Duration {
	value, err := strconv.Atoi(setting(name, strconv.Itoa(otherwise)))
	if err != nil {
		log.Fatalf("%s must be a number of seconds: %v", name, err)
	}
	return time.Duration(value) * time.Second
}
