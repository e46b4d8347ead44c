module greenlane.test/testbed/images

go 1.21
