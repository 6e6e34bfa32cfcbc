/* The daemon's entry. */
int main(void) { return 0; }
