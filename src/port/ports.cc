// The ports have no code; this file lets the layer's headers be compiled on their own.
#include "port/clock.h"
#include "port/dispatcher.h"
#include "port/entropy.h"
#include "port/executor.h"
#include "port/repository.h"
#include "port/run_source.h"
#include "port/verifier.h"
#include "port/worker_protocol.h"
