"""Reading and writing video files with PyAV. Everybody else imports the face, `course_lib.data.video_io`."""
