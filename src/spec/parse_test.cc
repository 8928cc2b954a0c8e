#include "spec/parse.h"
#include <gtest/gtest.h>
