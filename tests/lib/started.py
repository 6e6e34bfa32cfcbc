"""What is started when a `with` begins, and ended with it, also when the start itself fails."""


class Started:
    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise
