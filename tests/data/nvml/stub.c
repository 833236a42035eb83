/* A libnvidia-ml.so.1 without a GPU, for tests and benches only. It reads "<gpus> <mode> [pid]" from the file that the
 * environment variable NVML_STUB names, at every question: modes are ok, lost (all of them), onelost (number 1), split
 * (number 0, into two MIG instances), hot (number 0 is slowed down), hang. Functions that it lacks are reported by
 * pynvml as "function not found", as with an old driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15, FIRST_PART = 1000 };
struct utilisation { unsigned gpu, memory; };
struct memory { unsigned long long total, free, used; };
struct process { unsigned pid; unsigned long long memory; unsigned gpu, compute; };

static unsigned count(char *mode) {
  unsigned gpus = 0;
  FILE *file = fopen(getenv("NVML_STUB"), "r");
  strcpy(mode, "ok");
  if (file) {
    if (fscanf(file, "%u %15s", &gpus, mode) < 1) gpus = 0;
    fclose(file);
  }
  while (!strcmp(mode, "hang")) pause();
  return gpus;
}

static unsigned stranger(void) { /* the process on GPU 0: the third word, or whoever asks */
  unsigned gpus, pid = 0;
  FILE *file = fopen(getenv("NVML_STUB"), "r");
  if (file) {
    if (fscanf(file, "%u %*s %u", &gpus, &pid) < 2) pid = 0;
    fclose(file);
  }
  return pid ? pid : (unsigned)getpid();
}

static long of(void *device) { return (long)device - 1; }

int nvmlInitWithFlags(unsigned flags) { (void)flags; return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { return code == GPU_IS_LOST ? "GPU is lost" : "an error of the stub"; }
int nvmlDeviceGetCount_v2(unsigned *number) { char mode[16]; *number = count(mode); return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  char mode[16];
  count(mode);
  *device = (void *)((long)index + 1);
  return !strcmp(mode, "lost") || (!strcmp(mode, "onelost") && index == 1) ? GPU_IS_LOST : SUCCESS;
}
int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *next) {
  char mode[16];
  count(mode);
  *now = *next = !strcmp(mode, "split") && of(device) == 0;
  return SUCCESS;
}
int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *number) { (void)device; *number = 7; return SUCCESS; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned slot, void **part) {
  (void)device;
  *part = (void *)(FIRST_PART + (long)slot + 1);
  return slot < 2 ? SUCCESS : NOT_FOUND;
}
int nvmlDeviceGetClockInfo(void *device, int kind, unsigned *out) { (void)device; *out = kind == 1 ? 1980 : 2619; return SUCCESS; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out) {
  char mode[16];
  count(mode);
  *out = !strcmp(mode, "hot") && of(device) == 0 ? 0x44 : 0x1;
  return SUCCESS;
}
int nvmlDeviceGetName(void *device, char *name, unsigned size) { (void)device; snprintf(name, size, "Stub 80GB"); return SUCCESS; }
int nvmlDeviceGetUUID(void *device, char *name, unsigned size) { snprintf(name, size, "GPU-%ld", of(device)); return SUCCESS; }
int nvmlDeviceGetUtilizationRates(void *device, struct utilisation *out) {
  out->gpu = 10 * of(device);
  out->memory = 1;
  return of(device) >= FIRST_PART ? NOT_SUPPORTED : SUCCESS;
}
int nvmlDeviceGetMemoryInfo(void *device, struct memory *out) {
  out->total = 80ULL << 30;
  out->used = (of(device) % FIRST_PART + 1ULL) << 30;
  out->free = out->total - out->used;
  return SUCCESS;
}
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *out) { (void)sensor; *out = 40 + of(device); return SUCCESS; }
int nvmlDeviceGetPowerUsage(void *device, unsigned *out) { *out = 250500; return of(device) == 1 ? NOT_SUPPORTED : SUCCESS; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *number, struct process *out) {
  unsigned room = *number;
  *number = of(device) == 0 ? 1 : 0;
  if (*number == 0) return SUCCESS;
  if (room == 0) return INSUFFICIENT_SIZE;
  memset(out, 0, sizeof *out);
  out->pid = stranger();
  out->memory = 1ULL << 30;
  return SUCCESS;
}
