// The path of `kvmark search`: which loads were tried, and which kept the target.
"use strict";

function searches() {
  return [];
}
